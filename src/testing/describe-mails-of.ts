import type { OutboxMail } from '../mail/outbox-mail.js';
import type { OutboxStore, StoredMail } from '../mail/outbox-store.js';
import { aMail } from './samples.js';
import type { TestFramework } from './test-framework.js';

/** A change that is possible in an empty store. */
interface Change {
  /** Makes the change, and returns whether it was made. */
  make(mails: readonly OutboxMail[]): Promise<boolean>;
  /** Whether the store has it now. */
  isMade(): Promise<boolean>;
}

/** The changes of a store that take mails, and ways in which a store refuses them. */
interface Changes {
  readonly made: Readonly<Record<string, () => Promise<Change>>>;
  readonly refused: Readonly<Record<string, (mails: readonly OutboxMail[]) => Promise<boolean>>>;
}

/** Declares that mails are added in the step of a change. Declares nothing if there is no outbox. */
export function describeMailsOf(
  store: () => object,
  outbox: (() => OutboxStore) | undefined,
  { made, refused }: Changes,
  { describe, it, expect }: TestFramework,
): void {
  if (!outbox) return;
  const idsInOutbox = async () => (await outbox().list(null, 100, null)).map(({ id }) => id);

  describe('with mails', () => {
    it('is joined by the outbox', () => {
      expect(outbox().joins(store())).toBe(true);
      expect(outbox().joins({})).toBe(false);
    });

    for (const [name, change] of Object.entries(made)) {
      it(`${name} adds them`, async () => {
        const { make, isMade } = await change();
        const mails = [aMail(), aMail()];
        expect(await isMade()).toBe(false);
        expect(await make(mails)).toBe(true);
        expect(await isMade()).toBe(true);
        expect(await outbox().list(null, 100, null)).toEqual(mails.map(waiting));
      });

      it(`${name} is not made if one of them cannot be added`, async () => {
        const { make, isMade } = await change();
        const broken = Object.defineProperty(aMail(), 'facts', {
          enumerable: true,
          get: () => {
            throw new Error('This mail cannot be read.');
          },
        });
        await expect(make([aMail(), broken])).rejects.toThrow();
        expect(await isMade()).toBe(false);
        expect(await idsInOutbox()).toEqual([]);
        expect(await make([])).toBe(true);
      });

      it(`${name} adds those of the callers that made it, if many race`, async () => {
        const { make } = await change();
        const mails = Array.from({ length: 10 }, () => aMail());
        const results = await Promise.all(mails.map((mail) => make([mail])));
        const added = mails.filter((_, index) => results[index]).map(({ id }) => id);
        expect(added.length).toBeGreaterThan(0);
        expect(await idsInOutbox()).toEqual(added);
      });
    }

    for (const [name, make] of Object.entries(refused))
      it(`${name} adds none`, async () => {
        expect(await make([aMail()])).toBe(false);
        expect(await idsInOutbox()).toEqual([]);
      });
  });
}

/** A mail as it is stored at first. */
function waiting(mail: OutboxMail): StoredMail {
  return { ...mail, attempts: 0, nextAt: mail.createdAt, error: null };
}
