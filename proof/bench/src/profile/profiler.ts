/** Runs in a server that is profiled, before the server itself: a signal begins the profile, and the next one writes it. */
import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';

/** The signal, and what the server says when the profile is written. */
export const SIGNAL = 'SIGUSR2';
export const WRITTEN = 'the profile is written';

/** The environment variable with the file of the profile. */
export const FILE = 'PROFILE_FILE';

/** Microseconds between two samples. */
const INTERVAL = 200;

const file = process.env[FILE];
if (file !== undefined) {
  const session = new Session();
  session.connect();
  const begin = async () => {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: INTERVAL });
    await session.post('Profiler.start');
  };
  const end = async () => {
    const { profile } = await session.post('Profiler.stop');
    await writeFile(file, JSON.stringify(profile));
    console.log(WRITTEN);
  };
  process.once(SIGNAL, () => {
    process.once(SIGNAL, () => void end());
    void begin();
  });
}
