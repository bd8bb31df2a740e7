/** Real PostgreSQL from a jar. */
module dev.tidemill.embedded {
    requires static transitive org.jspecify;
    requires org.apache.commons.compress;
    requires org.slf4j;
    requires org.tukaani.xz;

    exports dev.tidemill.embedded;
}
