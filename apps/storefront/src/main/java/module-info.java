/** The sample shop, and the demo around it. */
module dev.tidemill.storefront {
    requires com.zaxxer.hikari;
    requires dev.tidemill.cache;
    requires dev.tidemill.embedded;
    requires transitive dev.tidemill.jobs;
    requires transitive dev.tidemill.rules;
    requires dev.tidemill.server;
    requires gg.jte.models;
    requires gg.jte.runtime;
    requires greenmail;
    requires info.picocli;
    requires io.helidon.http;
    requires io.helidon.webserver;
    requires jakarta.mail;
    requires java.net.http;
    requires org.eclipse.angus.mail;
    requires static transitive org.jspecify;
    requires org.slf4j;
    requires tools.jackson.core;
    requires tools.jackson.databind;

    exports dev.tidemill.storefront;

    opens dev.tidemill.storefront to
            info.picocli;
    opens dev.tidemill.storefront.catalogue to
            tools.jackson.databind;
    opens dev.tidemill.storefront.processes to
            tools.jackson.databind;
    opens dev.tidemill.storefront.shop to
            tools.jackson.databind;
    opens dev.tidemill.storefront.web to
            tools.jackson.databind;
}
