import { stopping } from '../../proof/faults/stopping.js';
import { describeFaults } from '../support/faults.js';

describeFaults(stopping);
