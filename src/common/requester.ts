/** Where something is asked for. */
export interface Requester {
  /** The address of the client; null where it has none. */
  readonly ip: string | null;
  /** The connection that waits for the answer; null for code that acts for none. */
  readonly connection: { readonly destroyed: boolean } | null;
}
