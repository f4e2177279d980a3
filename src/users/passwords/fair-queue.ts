import { DomainError } from '../../common/domain-error.js';
import type { ErrorCode } from '../../common/refusals.js';
import type { Requester } from '../../common/requester.js';
import { networkOf } from '../../common/network.js';
import { emailKey } from '../user.js';

/** `Retry-After` for a client that has used up its share, in seconds. */
const RETRY_AFTER = 2;

/** How many refusals are delayed at a time; further ones are sent at once. */
const MOST_HELD_BACK = 1000;

/** The client and the account that a task runs for. */
export interface TaskOwner extends Requester {
  /** The key of the account, even if it does not exist; null without an account, as in a registration. */
  readonly account: string | null;
}

/** The owner of a task for the account with this address; null for no account. */
export function ownerOf({ ip, connection }: Requester, email: string | null): TaskOwner {
  return { ip, connection, account: email === null ? null : emailKey(email) };
}

/** How many tasks run at a time, and how many may wait: in total, of one network and for one account. */
export interface QueueLimits {
  readonly running: number;
  readonly waiting: number;
  readonly perNetwork: number;
  readonly perAccount: number;
  /** Milliseconds by which `too_many_requests` is delayed, so that clients that retry at once do not use up the processor. */
  readonly holdBack: number;
}

interface Task {
  readonly owner: TaskOwner;
  readonly shares: readonly Share[];
  start(): void;
  refuse(error: DomainError): void;
}

/** The waiting tasks of one account, of one network or of all. */
interface Share {
  readonly key: string;
  readonly limit: number;
  readonly waiting: Set<Task>;
  /** The number of the last turn; initially, of the time when it began to wait. */
  lastTurn: number;
}

/**
 * Runs a limited number of tasks at a time. Networks take turns and, within a network, accounts do; tasks without an account
 * count as one account. If a share is full, a task of its largest account or network is refused for a task of a smaller one.
 * Tasks of closed connections do not run.
 */
export class FairQueue {
  readonly #shares = new Map<string, Share>();
  readonly #all: Share;
  #running = 0;
  #turns = 0;
  #heldBack = 0;

  constructor(private readonly limits: QueueLimits) {
    this.#all = this.#shareOf('all', limits.waiting);
  }

  /** The numbers of tasks that run and that wait now. */
  get sizes(): { readonly running: number; readonly waiting: number } {
    return { running: this.#running, waiting: this.#all.waiting.size };
  }

  /** Runs a task in its turn. Throws `too_many_requests` if the share of its account or network is full, and `busy` if the queue is. */
  async run<T>(owner: TaskOwner, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.limits.running) this.#running += 1;
    else await this.#turnOf(owner);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#startNext();
    }
  }

  #turnOf(owner: TaskOwner): Promise<void> {
    const { perNetwork, perAccount } = this.limits;
    const network = networkOf(owner.ip);
    const shares = [
      owner.account === null
        ? this.#shareOf(`no account, ${network}`, perNetwork)
        : this.#shareOf(`account ${owner.account}`, perAccount),
      this.#shareOf(`network ${network}`, perNetwork),
      this.#all,
    ];
    return new Promise((start, refuse) => {
      const task = { owner, shares, start, refuse };
      const full = shares.find((share) => !this.#hasRoom(share, task));
      if (full) this.#refuse(task, full === this.#all ? 'busy' : 'too_many_requests');
      else this.#add(task);
    });
  }

  #startNext(): void {
    while (this.#running < this.limits.running && this.#all.waiting.size > 0) {
      const next = [...this.#all.waiting].reduce((first, task) =>
        compare(turnsOf(task), turnsOf(first)) < 0 ? task : first,
      );
      this.#remove(next);
      if (isGone(next)) {
        this.#refuse(next, 'request_refused');
        continue;
      }
      this.#turns += 1;
      for (const share of next.shares) share.lastTurn = this.#turns;
      this.#running += 1;
      next.start();
    }
  }

  /** Whether the share has room for a task. Refuses another task for it if necessary. */
  #hasRoom(share: Share, newcomer: Task): boolean {
    if (share.waiting.size < share.limit) return true;
    for (const task of share.waiting) if (isGone(task)) this.#drop(task, 'request_refused');
    if (share.waiting.size < share.limit) return true;
    const heaviest = [...share.waiting].reduce((most, task) =>
      compare(sizesOf(task), sizesOf(most)) >= 0 ? task : most,
    );
    if (compare(sizesOf(heaviest), sizesOf(newcomer, heaviest)) <= 0) return false;
    this.#drop(heaviest, 'too_many_requests');
    return true;
  }

  #shareOf(key: string, limit: number): Share {
    const known = this.#shares.get(key);
    if (known) return known;
    this.#turns += 1;
    return { key, limit, waiting: new Set(), lastTurn: this.#turns };
  }

  #add(task: Task): void {
    for (const share of task.shares) {
      share.waiting.add(task);
      this.#shares.set(share.key, share);
    }
  }

  #remove(task: Task): void {
    for (const share of task.shares) {
      share.waiting.delete(task);
      if (share.waiting.size === 0) this.#shares.delete(share.key);
    }
  }

  #drop(task: Task, code: ErrorCode): void {
    this.#remove(task);
    this.#refuse(task, code);
  }

  #refuse(task: Task, code: ErrorCode): void {
    const isForShare = code === 'too_many_requests';
    const error = new DomainError(code, isForShare ? { retryAfter: RETRY_AFTER } : {});
    if (!isForShare || this.#heldBack >= MOST_HELD_BACK) {
      task.refuse(error);
      return;
    }
    this.#heldBack += 1;
    setTimeout(() => {
      this.#heldBack -= 1;
      task.refuse(error);
    }, this.limits.holdBack).unref();
  }
}

function isGone({ owner }: Task): boolean {
  return owner.connection?.destroyed ?? false;
}

/** The last turns of the shares of a task, the latest first. */
function turnsOf({ shares }: Task): number[] {
  return shares.map(({ lastTurn }) => lastTurn).toSorted((a, b) => b - a);
}

/** How many tasks wait in the shares of a task, the most first; for a new task, as if it had replaced `replaced`. */
function sizesOf({ shares }: Task, replaced?: Task): number[] {
  return shares
    .map((share) => share.waiting.size + (replaced && !replaced.shares.includes(share) ? 1 : 0))
    .toSorted((a, b) => b - a);
}

/** Compares by the first number in which the two differ. */
function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : one[at]! - other[at]!;
}
