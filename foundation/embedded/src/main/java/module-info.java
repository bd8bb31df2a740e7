/** Real PostgreSQL from a jar. */
module dev.tidemill.embedded {
    requires static transitive org.jspecify;
    requires org.slf4j;

    exports dev.tidemill.embedded;
}
