/** Where the queue keeps its entries in our database: pg-boss's schema, and the name of our queue in it. */
export const queueSchema = 'pgboss';
export const queueName = 'jobs';
