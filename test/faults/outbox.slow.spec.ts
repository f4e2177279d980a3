import { outbox } from '../../proof/faults/outbox.js';
import { describeFaults } from '../support/faults.js';

describeFaults(outbox);
