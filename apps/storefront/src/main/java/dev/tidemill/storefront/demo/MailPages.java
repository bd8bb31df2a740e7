package dev.tidemill.storefront.demo;

import dev.tidemill.storefront.pages.StaticTemplates;
import dev.tidemill.storefront.web.Exchange;
import dev.tidemill.storefront.web.Routes;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Shows what arrived, newest first, and keeps itself up to date. */
public final class MailPages {
    /** Where the page is. */
    public static final String PATH = "/mail";

    /** Its links may open a new window; it runs no script, loads nothing, and is nobody's origin. */
    private static final String BODY_POLICY = "sandbox allow-popups allow-popups-to-escape-sandbox;"
            + " default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

    private final StaticTemplates pages = new StaticTemplates();
    private final MailArchive archive;

    /** Of this archive. */
    public MailPages(MailArchive archive) {
        this.archive = archive;
    }

    /** Puts the pages in place. */
    public void mount(Routes routes) {
        routes.get(PATH, exchange -> page(exchange, null))
                .get(PATH + "/list", this::list)
                .get(PATH + "/{id}", exchange -> page(exchange, mail(exchange).orElse(null)))
                .get(PATH + "/{id}/html", this::html);
    }

    private void page(Exchange exchange, @Nullable Mail selected) throws Exception {
        String to = exchange.query("to");
        List<Mail> mails = archive.newest(to);
        exchange.page(200, pages.mailbox(exchange.frame(), mails, mark(mails), selected, to, asQuery(to)));
    }

    /** The list alone, if it has changed. */
    private void list(Exchange exchange) throws Exception {
        String to = exchange.query("to");
        List<Mail> mails = archive.newest(to);
        String mark = mark(mails);
        if (mark.equals(exchange.query("seen"))) {
            exchange.nothing();
        } else {
            exchange.page(200, pages.mailList(mails, mark, number(exchange.query("selected")), asQuery(to)));
        }
    }

    private static String asQuery(String to) {
        return to.isEmpty() ? "" : "?to=" + URLEncoder.encode(to, StandardCharsets.UTF_8);
    }

    private void html(Exchange exchange) throws Exception {
        String html = mail(exchange).map(Mail::html).orElse("");
        exchange.header("Content-Security-Policy", BODY_POLICY);
        exchange.send(200, "text/html; charset=utf-8", html.getBytes(StandardCharsets.UTF_8));
    }

    private Optional<Mail> mail(Exchange exchange) throws Exception {
        return archive.find(number(exchange.path("id")));
    }

    private static long number(String text) {
        return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
    }

    private static String mark(List<Mail> mails) {
        return mails.isEmpty()
                ? "0"
                : mails.getFirst().id() + "-"
                        + mails.stream().mapToInt(Mail::deliveries).sum();
    }
}
