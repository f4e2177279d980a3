import { refusedBodies } from '../../proof/faults/refused-bodies.js';
import { describeFaults } from '../support/faults.js';

describeFaults(refusedBodies);
