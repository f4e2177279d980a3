/** In how many ways applications of this kind are put together. */
export interface HostOptions {
  readonly coatcheck: 'first' | 'last';
  /** What `main.ts` calls, in this order. */
  readonly steps: readonly Step[];
  readonly versioning: 'uri' | 'header' | 'media-type' | 'none';
  /** Pipe, filters, interceptors and guards as `APP_…` providers of the root module, by `useGlobal…`, or none. */
  readonly globals: 'providers' | 'calls' | 'none';
  readonly forbidNonWhitelisted: boolean;
  readonly envelope: boolean;
  /** A filter that catches everything: as Nest's documentation writes it, one that extends `BaseExceptionFilter`, or none. */
  readonly catchAll: 'own' | 'base' | 'none';
  /** Who parses bodies: Nest, Nest that keeps the raw bytes, `express.json()`, or nobody. */
  readonly bodies: 'nest' | 'raw' | 'express' | 'none';
  /** Whether pages of a client are served for every path that nothing else answers. */
  readonly singlePage: boolean;
}

export type Step =
  'helmet' | 'cookies' | 'cors' | 'prefix' | 'versioning' | 'globals' | 'parsers' | 'assets' | 'swagger';
