import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * JDBC in several tenants at once: each connection must see the rows of its own tenant and no others.
 * Environment: URL (jdbc:postgresql://host:port/), PGUSER, PGPASSWORD, TENANTS=a,b,c. Table note of
 * each tenant holds its name in every row. Prints how many rows each should have afterwards.
 */
class Tenants {
  static final int CONNECTIONS = 3;
  static final int ROUNDS = 25;
  static final int BATCH = 10;

  public static void main(String[] arguments) throws Exception {
    String[] tenants = System.getenv("TENANTS").split(",");
    ExecutorService threads = Executors.newCachedThreadPool();
    List<Future<?>> running = new ArrayList<>();
    for (int connection = 0; connection < CONNECTIONS; connection++) {
      for (String tenant : tenants) {
        running.add(threads.submit(() -> { play(tenant); return null; }));
      }
    }
    try {
      for (Future<?> one : running) one.get();
    } finally {
      threads.shutdownNow();
    }
    System.out.println(1 + CONNECTIONS * ROUNDS * (1 + BATCH));
  }

  static void play(String tenant) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", System.getenv("PGUSER"));
    login.setProperty("password", System.getenv("PGPASSWORD"));
    // Statements of the server from the second execution on, instead of the sixth.
    login.setProperty("prepareThreshold", "2");
    login.setProperty("ApplicationName", "tests of JDBC");
    try (Connection connection = DriverManager.getConnection(System.getenv("URL") + tenant, login);
        PreparedStatement byKey = connection.prepareStatement("SELECT body, ? FROM note WHERE id > ?")) {
      for (int number = 0; number < ROUNDS; number++) {
        plain(connection, tenant);
        prepared(byKey, tenant, number);
        writing(connection, tenant);
        failing(connection, tenant);
        inPortions(connection, tenant);
      }
    }
  }

  /** Fails unless there are rows and all are this tenant's. */
  static void own(String tenant, ResultSet rows) throws SQLException {
    int count = 0;
    for (; rows.next(); count++) {
      if (!rows.getString(1).equals(tenant)) {
        throw new AssertionError("in " + tenant + ": " + rows.getString(1));
      }
    }
    if (count == 0) throw new AssertionError("in " + tenant + ": no rows");
  }

  static void plain(Connection connection, String tenant) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      own(tenant, statement.executeQuery("SELECT body FROM note"));
      own(tenant, statement.executeQuery("SELECT tenancy.current()"));
    }
  }

  static void prepared(PreparedStatement byKey, String tenant, int number) throws SQLException {
    byKey.setInt(1, number);
    byKey.setInt(2, 0);
    own(tenant, byKey.executeQuery());
  }

  static void writing(Connection connection, String tenant) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO note (body) VALUES (?)")) {
      insert.setString(1, tenant);
      insert.executeUpdate();
      for (int row = 0; row < BATCH; row++) {
        insert.setString(1, tenant);
        insert.addBatch();
      }
      insert.executeBatch();
    }
    plain(connection, tenant);
    connection.commit();
    connection.setAutoCommit(true);
  }

  static void failing(Connection connection, String tenant) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("INSERT INTO note (body) VALUES ('gone')");
      statement.executeQuery("SELECT 1 / 0");
      throw new AssertionError("a division by zero went well");
    } catch (SQLException error) {
      if (!"22012".equals(error.getSQLState())) throw error;
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
    plain(connection, tenant);
  }

  /** A portal that stays open over several messages. */
  static void inPortions(Connection connection, String tenant) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(3);
      own(tenant, statement.executeQuery("SELECT body FROM note"));
    }
    connection.commit();
    connection.setAutoCommit(true);
  }
}
