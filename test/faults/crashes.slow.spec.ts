import { crashes } from '../../proof/faults/crashes.js';
import { describeFaults } from '../support/faults.js';

describeFaults(crashes);
