import { trouble } from '../../faults/trouble.js';
import { describeFaults } from '../support/faults.js';

describeFaults(trouble);
