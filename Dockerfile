# The image of hello-server and hello-load, for Fly Machines and any other place that runs images:
#
#     docker build -t hello . && docker run --rm -p 1848:1848 hello
#
# scripts/image builds and checks it. Its architecture is the one that the builder is given
# (--platform), or the builder's own.

# What it is built on; any Debian 12 does.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
# A step of its own, so that a change of the code does not install all packages again.
COPY scripts/lib.sh scripts/
RUN bash -c 'source scripts/lib.sh && need_packages "${IMAGE_PACKAGES[@]}"'
COPY . .
# What --version and the metrics show. There is no git here to ask.
ARG REVISION=
RUN scripts/image-root /image

FROM scratch
# VERSION is that of CMakeLists.txt. The platform's builder gives neither.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="hello-server" \
      org.opencontainers.image.description="Answers every TCP connection with a greeting and closes it, losing none" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image/ /
ENV PATH=/usr/local/bin:/bin
# Port 1848 needs no root. It also works as root, if a platform requires that.
USER hello
EXPOSE 1848
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/hello-server"]
