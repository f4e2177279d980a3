FROM node:24-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY scripts ./scripts
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY pages ./pages
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production DATABASE_URL=sqlite:/data/coatcheck.db
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/scripts/healthcheck.js ./scripts/
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# The only folder that the server writes to: run the image with a read-only root.
RUN install --directory --owner=node --group=node --mode=700 /data
VOLUME /data
USER node
EXPOSE 5000
# Whether the server lives. Whether its stores answer is /health/ready: to restart the server would not help them.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "/app/scripts/healthcheck.js"]
STOPSIGNAL SIGTERM
CMD ["node", "/app/dist/main.js"]
