import { parentPort, workerData } from 'node:worker_threads';
import SqliteConnection from 'better-sqlite3';

/** Runs a checkpoint on the message `checkpoint`, and ends on the message `close`. */
const connection = new SqliteConnection(workerData, { timeout: 0, fileMustExist: true });

parentPort?.on('message', (message) => {
  if (message === 'close') {
    connection.close();
    parentPort?.close();
    return;
  }
  try {
    connection.pragma('wal_checkpoint(PASSIVE)');
  } catch {
    // Nothing is lost: the next checkpoint copies these pages too. A lasting failure shows up in the writes.
  }
});
