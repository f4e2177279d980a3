/**
 * How a person has shown who they are: by a password, a code of an authenticator app, a passkey, a recovery code, or in a way of the
 * application, such as a link in a mail.
 */
export const PROOF_KINDS = ['password', 'totp', 'passkey', 'recovery_code', 'application'] as const;

export type ProofKind = (typeof PROOF_KINDS)[number];

/** The kinds that are a second factor after a password. A passkey alone is both, because it verifies its user. */
export const SECOND_FACTORS = ['totp', 'passkey', 'recovery_code'] as const satisfies readonly ProofKind[];

/** When a person last gave each proof in a session. */
export type Proofs = Readonly<Partial<Record<ProofKind, Date>>>;

/** The proofs of a session as text: null for a password that was given at `authenticatedAt`, as in most sessions. */
export function proofsText(proofs: Proofs, authenticatedAt: Date): string | null {
  const { password, ...others } = proofs;
  const isUsual = password?.getTime() === authenticatedAt.getTime() && Object.keys(others).length === 0;
  if (isUsual) return null;
  return PROOF_KINDS.flatMap((kind) => (proofs[kind] ? [`${kind}:${proofs[kind].getTime()}`] : [])).join(',');
}

/** The proofs in a text of `proofsText`. What cannot be read is no proof. */
export function proofsIn(text: string | null, authenticatedAt: Date): Proofs {
  if (text === null) return { password: authenticatedAt };
  const proofs: Partial<Record<ProofKind, Date>> = {};
  for (const entry of text.split(',')) {
    const [, kind, at] = /^(\w+):(\d{1,16})$/.exec(entry) ?? [];
    if (isProofKind(kind)) proofs[kind] = new Date(Number(at));
  }
  return proofs;
}

/** Those of the proofs that are second factors. */
export function secondFactorsIn(proofs: Proofs): Proofs {
  const kinds: readonly ProofKind[] = SECOND_FACTORS;
  return Object.fromEntries(Object.entries(proofs).filter(([kind]) => kinds.includes(kind as ProofKind)));
}

export function isProofKind(text: unknown): text is ProofKind {
  return PROOF_KINDS.includes(text as ProofKind);
}
