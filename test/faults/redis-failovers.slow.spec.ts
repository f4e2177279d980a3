import { redisFailovers } from '../../proof/faults/redis-failovers.js';
import { describeFaults } from '../support/faults.js';

describeFaults(redisFailovers);
