import type { SecurityHeadersOptions } from '@nestjs/common';
import type { Response } from 'express';

const YEAR = 365 * 24 * 60 * 60;

/** The headers of an API whose answers no page shows or loads; with HTTPS, browsers are told to come by nothing else. */
export function securityHeaders(https: boolean): SecurityHeadersOptions {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: "'none'", baseUri: "'none'", formAction: "'none'", frameAncestors: "'none'" },
    },
    strictTransportSecurity: https && { maxAge: YEAR },
    xFrameOptions: { action: 'deny' },
  };
}

/** What depends on who is asking is kept by no cache. */
export function keepPrivate(response: Response): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Vary', 'Cookie');
}
