import { trouble } from '../../proof/faults/trouble.js';
import { describeFaults } from '../support/faults.js';

describeFaults(trouble);
