/** Finds the text of `Authorization` in a message or in the context that Nest passes with it. */
export type MessageAuthorization = (message: unknown, context: unknown) => string | null | undefined;

/** Reads the headers of the message, which NATS has. TCP and Redis have none. */
export const authorizationInHeaders: MessageAuthorization = (_message, context) => {
  const headers = (context as NatsContext | undefined)?.getHeaders?.();
  return headers?.get('authorization') || headers?.get('Authorization');
};

/** The context of a message from NATS. */
interface NatsContext {
  getHeaders?(): { get(name: string): string } | undefined;
}
