import { races } from '../../faults/races.js';
import { describeFaults } from '../support/faults.js';

describeFaults(races);
