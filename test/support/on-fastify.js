/** Makes the servers of the tests use Fastify. */
process.env['TEST_HTTP_ADAPTER'] = 'fastify';
