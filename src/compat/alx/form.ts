import { withPackages } from '../../common/with-packages.js';

/** The text fields of a urlencoded or multipart form. The first of each name counts; those after an error are left out. */
export async function parseForm(body: Buffer, contentType: string): Promise<Record<string, string>> {
  const Busboy = await loadBusboy();
  const fields = new Map<string, string>();
  return new Promise((resolve) => {
    const done = () => resolve(Object.fromEntries(fields));
    try {
      const parser = new Busboy({ headers: { 'content-type': contentType } });
      parser.on('field', (name, value) => void (fields.has(name) || fields.set(name, value)));
      parser.on('file', (_name, stream) => stream.resume());
      parser.on('finish', done);
      parser.on('error', done);
      parser.end(body);
    } catch {
      done();
    }
  });
}

/** The parser of forms. Throws if its package is not installed. */
export function loadBusboy() {
  const needed = { by: 'The login form of the course contract', packages: '@fastify/busboy' };
  return withPackages(needed, async () => (await import('@fastify/busboy')).default.Busboy);
}
