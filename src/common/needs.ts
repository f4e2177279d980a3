const STORE =
  'Import StorageModule.forRoot({ … }) that does not leave it out by without, or export one of your own from a global module.';

/** What to add where something is missing. */
const CURES = {
  UserStore: STORE,
  CredentialStore: STORE,
  SessionStore: STORE,
  AuditStore: STORE,
  TokenStore: STORE,
  OutboxStore: STORE,
  FactorStore: STORE,
  UsersModule: 'Import UsersModule.forRoot({ … }), or CoatcheckModule.forRoot({ … }) for all modules.',
  SessionsModule: 'Import SessionsModule.forRoot({ … }), or CoatcheckModule.forRoot({ … }) for all modules.',
  AuthModule: 'Import AuthModule.forRoot({ … }), or CoatcheckModule.forRoot({ … }) for all modules.',
} as const;

/**
 * Stops the start where something that `owner` needs is undefined, and says what to add for each. Those who call it declare
 * what they need as optional to Nest, which would stop the start before, and say nothing of a cure.
 */
export function checkNeeds(owner: string, needs: Partial<Record<keyof typeof CURES, unknown>>): void {
  const faults = Object.entries(CURES)
    .filter(([name]) => name in needs && !needs[name as keyof typeof CURES])
    .map(([name, cure]) => `There is no ${name} for ${owner}. ${cure}`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
