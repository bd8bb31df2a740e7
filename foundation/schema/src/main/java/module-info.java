/** Numbered SQL files, each applied once to a schema. */
module dev.tidemill.schema {
    requires static transitive org.jspecify;
    requires transitive java.sql;

    exports dev.tidemill.schema;
}
