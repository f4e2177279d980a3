import { stopping } from '../../faults/stopping.js';
import { describeFaults } from '../support/faults.js';

describeFaults(stopping);
