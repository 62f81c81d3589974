# One image for the gateway, its worker and the dispatch desk; docker-compose.yml says which one it becomes.
FROM node:22-slim AS assets
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY groundwork/look groundwork/look
COPY gateway/web gateway/web
COPY dispatch_desk/web dispatch_desk/web
RUN node gateway/web/assets/build.mjs && node dispatch_desk/web/assets.mjs

FROM python:3.11-slim AS environment
COPY locks/uv.txt locks/product.txt /locks/
RUN python -m venv /uv \
 && /uv/bin/pip install --no-cache-dir --no-deps --only-binary=:all: --require-hashes -r /locks/uv.txt \
 && /uv/bin/uv venv --no-config --python /usr/local/bin/python /srv/venv \
 && /uv/bin/uv pip sync --no-cache --require-hashes --compile-bytecode --python /srv/venv/bin/python /locks/product.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --user-group --no-create-home huying \
 && install -d -o huying -g huying -m 0700 /var/lib/huying
WORKDIR /srv/huying
COPY --from=environment /srv/venv /srv/venv
COPY hotline hotline
COPY cities cities
COPY groundwork groundwork
COPY staff staff
COPY channels channels
COPY bots bots
COPY kb kb
COPY dispatch_client dispatch_client
COPY dispatch_desk dispatch_desk
COPY docs/events docs/events
COPY gateway gateway
COPY --from=assets /src/gateway/web/static gateway/web/static
COPY --from=assets /src/dispatch_desk/web/static dispatch_desk/web/static
RUN /srv/venv/bin/python -m cities.learning
ENV PATH=/srv/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER huying
VOLUME /var/lib/huying
CMD ["python", "-m", "gateway", "serve"]
