import { crashes } from '../../faults/crashes.js';
import { describeFaults } from '../support/faults.js';

describeFaults(crashes);
