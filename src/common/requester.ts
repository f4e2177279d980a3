/** The client of a request. */
export interface Requester {
  /** The address of the client; null if there is none. */
  readonly ip: string | null;
  /** The connection that waits for the answer; null if there is none. */
  readonly connection: { readonly destroyed: boolean } | null;
}
