package dev.tidemill.bench;

/** The job that is measured: 200 bytes of JSON. */
public record Order(long sentMicros, long orderId, String customer, String email, String note) {
    private static final int BYTES = 200;

    /** One that nobody times. */
    public static Order numbered(long id) {
        return at(0, id);
    }

    /** Sent at a time of the machine's clock, in microseconds. */
    public static Order at(long sentMicros, long id) {
        String customer = "customer-" + id;
        String email = "c" + id + "@example.com";
        int fixed = "{\"sentMicros\":,\"orderId\":,\"customer\":\"\",\"email\":\"\",\"note\":\"\"}".length()
                + Long.toString(sentMicros).length()
                + Long.toString(id).length()
                + customer.length()
                + email.length();
        return new Order(sentMicros, id, customer, email, "n".repeat(Math.max(0, BYTES - fixed)));
    }
}
