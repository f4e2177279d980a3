import { StreamableFile } from '@nestjs/common';

/** Whether to send a body as JSON. Nest itself sends bytes, streams and errors. */
export function isJson(body: unknown): body is object {
  const isOther = body instanceof StreamableFile || body instanceof Uint8Array || body instanceof Error;
  return typeof body === 'object' && body !== null && !isOther;
}
