import { postgresFailover } from '../../proof/faults/postgres-failover.js';
import { describeFaults } from '../support/faults.js';

// Each end of a primary, and each way to find the other server; the campaign plays every pair.
describeFaults([postgresFailover[1]!, postgresFailover[2]!]);
