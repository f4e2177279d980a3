import { races } from '../../proof/faults/races.js';
import { describeFaults } from '../support/faults.js';

describeFaults(races);
