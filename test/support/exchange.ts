import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import express, { type Request, type Response } from 'express';

/** A request with these headers, and the response to it, as Express makes them. There is no connection. */
export function anExchange(
  headers: Readonly<Record<string, string>> = {},
  { method = 'GET', url = '/' }: { readonly method?: string; readonly url?: string } = {},
): { readonly request: Request; readonly response: Response } {
  const app = express();
  const message = Object.assign(new IncomingMessage(new Socket()), { headers, method, url });
  const request = Object.setPrototypeOf(message, app.request) as Request;
  const response = Object.setPrototypeOf(new ServerResponse(message), app.response) as Response;
  return { request, response };
}
