import { sweeping } from '../../faults/sweeping.js';
import { describeFaults } from '../support/faults.js';

describeFaults(sweeping);
