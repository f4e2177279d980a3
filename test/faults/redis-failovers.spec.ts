import { redisFailovers } from '../../faults/redis-failovers.js';
import { describeFaults } from '../support/faults.js';

describeFaults(redisFailovers);
