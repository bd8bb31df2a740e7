/** The engine's protocol as a model. */
module dev.tidemill.model {
    requires static org.jspecify;
}
