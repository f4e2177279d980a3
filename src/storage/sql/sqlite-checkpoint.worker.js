import { parentPort, workerData } from 'node:worker_threads';
import SqliteConnection from 'better-sqlite3';

/** Copies what the write-ahead log of a file holds into the file when told so; ends when told `close`. */
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
    // Nothing is lost by it: the next one copies this too, and what fails for long fails where it is written.
  }
});
