/** The text fields of a form, urlencoded or multipart: the first of each name, and none if it cannot be read. */
export async function parseForm(body: Buffer, contentType: string): Promise<Record<string, string>> {
  const {
    default: { Busboy },
  } = await import('@fastify/busboy');
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
