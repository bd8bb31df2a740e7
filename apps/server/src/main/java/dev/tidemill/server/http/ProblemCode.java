package dev.tidemill.server.http;

/** Stable codes of the problems that HTTP adds to {@link dev.tidemill.jobs.ErrorCode}. */
public enum ProblemCode {
    REQUEST_MALFORMED(400, "The request is malformed"),
    BODY_INVALID(400, "The body is not what this route takes"),
    FIELD_UNKNOWN(400, "A field is unknown"),
    FIELD_MISSING(400, "A field is missing"),
    FIELD_INVALID(400, "A field has the wrong type or form"),
    PARAMETER_INVALID(400, "A query parameter is unknown or has a wrong value"),
    HEADER_INVALID(400, "A header has a wrong value"),
    TOO_MANY_ITEMS(400, "Too many at a time"),
    UNAUTHORIZED(401, "A token is needed"),
    FORBIDDEN(403, "The permission for this is missing"),
    HOST_FORBIDDEN(403, "This host name is not served"),
    CROSS_SITE(403, "Requests from other sites are refused"),
    ROUTE_UNKNOWN(404, "There is nothing here"),
    METHOD_NOT_ALLOWED(405, "The method is not allowed here"),
    REQUEST_TIMEOUT(408, "The body took too long"),
    IDEMPOTENCY_KEY_BUSY(409, "A request with this idempotency key is under way"),
    RULE_REFUSED(409, "The rule does not go with this"),
    PRECONDITION_FAILED(412, "It has changed meanwhile"),
    BODY_TOO_LARGE(413, "The body is too large"),
    MEDIA_TYPE_UNSUPPORTED(415, "The media type is not supported"),
    IDEMPOTENCY_KEY_REUSED(422, "The idempotency key came with another request"),
    TOO_MANY_REQUESTS(429, "Too many requests"),
    LOGGING_UNKNOWN(501, "Log levels cannot be changed here"),
    ORIGIN_FAILED(502, "The origin failed"),
    ORIGIN_TIMED_OUT(504, "The origin did not answer in time"),
    ORIGIN_UNAVAILABLE(503, "The origin is left alone for a while"),
    TOO_BUSY(503, "Too many at the same time"),
    RULE_LOCKED_OUT(503, "The rule's table is held by a transaction"),
    NOT_READY(503, "Not ready"),
    INTERNAL_ERROR(500, "Something went wrong in the server");

    private final int status;
    private final String title;

    ProblemCode(int status, String title) {
        this.status = status;
        this.title = title;
    }

    int status() {
        return status;
    }

    String title() {
        return title;
    }
}
