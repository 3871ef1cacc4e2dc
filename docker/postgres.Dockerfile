# PostgreSQL with the extension installed and preloaded. From the top of the checkout:
#   docker build -f docker/postgres.Dockerfile -t tenancy-postgres .
# Runs like the image it is made from: POSTGRES_PASSWORD_FILE, /docker-entrypoint-initdb.d and so on.

FROM rust:1.95-bookworm AS build
WORKDIR /src
# By itself, so that what apt installs is kept when only the sources change.
COPY Cargo.toml ./
COPY scripts/deps.sh scripts/env.sh scripts/
RUN scripts/deps.sh
COPY . .
RUN scripts/build.sh --release --without-sidecar

# Debian's headers and this image's server are of one major version, which is what PostgreSQL asks for.
FROM postgres:15-bookworm
COPY --from=build /src/target/extension-release/tenancy.so /usr/lib/postgresql/15/lib/
COPY --from=build /src/target/extension-release/tenancy.control \
     /src/target/extension-release/tenancy--*.sql /usr/share/postgresql/15/extension/
COPY docker/postgresql.conf /etc/postgresql/postgresql.conf
# Over TCP: the server that runs the scripts of the first start listens on its socket only.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=5 \
    CMD ["pg_isready", "--quiet", "--host=127.0.0.1", "--username=postgres"]
CMD ["postgres", "-c", "config_file=/etc/postgresql/postgresql.conf"]
