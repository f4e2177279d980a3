/** Fails if the server on this machine does not answer: the health check of the Dockerfile. */
const { API_PORT = '5000', API_PREFIX = '/api/v1' } = process.env;
const url = `http://127.0.0.1:${API_PORT}${API_PREFIX === '/' ? '' : API_PREFIX}/health/live`;
const { ok } = await fetch(url, { signal: AbortSignal.timeout(4_000) });
process.exitCode = ok ? 0 : 1;
