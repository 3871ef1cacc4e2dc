# The sidecar and the fleet commands, as a user without rights. From the top of the checkout:
#   docker build -f docker/sidecar.Dockerfile -t tenancy .
#   docker run -v ./tenancy.toml:/etc/tenancy/tenancy.toml:ro -p 127.0.0.1:8080:8080 -p 127.0.0.1:6432:6432 tenancy
#   docker run --rm -e TENANCY_ADMIN_DSN tenancy migrate status

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p tenancy-sidecar

FROM debian:bookworm-slim
RUN groupadd --system --gid 65532 tenancy \
 && useradd --system --uid 65532 --gid tenancy --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tenancy
COPY --from=build /src/target/release/tenancy /usr/local/bin/
COPY docker/ready.sh /usr/local/bin/tenancy-ready
USER 65532:65532
EXPOSE 8080 6432
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["tenancy-ready"]
ENTRYPOINT ["tenancy"]
CMD ["serve", "--config", "/etc/tenancy/tenancy.toml"]
