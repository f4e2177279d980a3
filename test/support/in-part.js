/** Makes suites of many similar cases play those that differ most. */
process.env['TEST_IN_PART'] = '1';
