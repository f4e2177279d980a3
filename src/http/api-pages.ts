import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

/** A file as it is sent. */
export interface Page {
  readonly type: string;
  readonly body: Buffer;
}

/** The served files of Swagger UI, with their types. Others, such as package.json, would reveal its version. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui-bundle.js': 'application/javascript; charset=utf-8',
  'swagger-ui-standalone-preset.js': 'application/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
  'favicon-16x16.png': 'image/png',
  'favicon-32x32.png': 'image/png',
};

/** The files that are made, by their paths. */
const MADE = ['/docs', '/docs/swagger-ui-init.js'];

/** The OpenAPI document and the files of its page, by their paths. `server` is the URL of the API relative to the document. */
export async function apiPages(
  app: INestApplication,
  description: OpenAPIObject,
  server: string,
): Promise<ReadonlyMap<string, Page>> {
  const document = { ...description, servers: [{ url: server, description: 'This server.' }] };
  const swagger = new RecordingAdapter();
  const mount = Object.create(app, {
    getHttpAdapter: { value: () => swagger },
    useStaticAssets: { value: (folder: string) => (swagger.folder = folder) },
  }) as INestApplication;
  SwaggerModule.setup('/docs', mount, document, { raw: false });
  const pages = new Map<string, Page>();
  pages.set('/openapi.json', { type: 'application/json', body: Buffer.from(JSON.stringify(document)) });
  for (const path of MADE) pages.set(path, await swagger.pageAt(path));
  for (const [file, type] of Object.entries(FILES))
    pages.set(`/docs/${file}`, { type, body: await readFile(join(swagger.folder, file)) });
  return pages;
}

/** What a handler of Swagger uses of a response. */
interface SwaggerResponse {
  type(type: string): void;
  send(text: string): void;
}

type SwaggerHandler = (request: { readonly url: string }, response: SwaggerResponse) => unknown;

/** Keeps the handlers that Swagger adds. It adds them to a router, which is too late once the application listens. */
class RecordingAdapter {
  readonly #handlers = new Map<string, SwaggerHandler>();
  /** The folder of the static files. */
  folder = '';

  getType(): string {
    return 'express';
  }

  getRequestUrl({ url }: { readonly url: string }): string {
    return url;
  }

  get(path: string, handler: SwaggerHandler): void {
    this.#handlers.set(path, handler);
  }

  /** What the handler of a path sends. */
  pageAt(path: string): Promise<Page> {
    return new Promise((resolve) => {
      let type = '';
      this.#handlers.get(path)!(
        { url: path },
        {
          type: (given) => (type = `${given}; charset=utf-8`),
          send: (text) => resolve({ type, body: Buffer.from(text) }),
        },
      );
    });
  }
}
