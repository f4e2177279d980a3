import { sweeping } from '../../proof/faults/sweeping.js';
import { describeFaults } from '../support/faults.js';

describeFaults(sweeping);
