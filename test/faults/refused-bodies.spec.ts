import { refusedBodies } from '../../faults/refused-bodies.js';
import { describeFaults } from '../support/faults.js';

describeFaults(refusedBodies);
