import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Reads with Java's GZIPInputStream and Apache Commons Compress. See index.ts for what it takes and prints. */
public class Reader {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        boolean sizes = args.length > 1;
        // Buffered also for its own sake: Commons Compress 1.22 skips no more than 2 GiB of a bare FileInputStream.
        InputStream file = new BufferedInputStream(new FileInputStream(args[0]));
        InputStream source = args[0].endsWith("gz") ? new GZIPInputStream(file) : file;
        TarArchiveInputStream archive = new TarArchiveInputStream(source, "UTF-8");
        byte[] buffer = new byte[1 << 16];
        for (TarArchiveEntry entry; (entry = archive.getNextTarEntry()) != null;) {
            if (!entry.isFile()) throw new Exception(entry.getName() + " is not a regular file");
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (int length; !sizes && (length = archive.read(buffer)) >= 0;) digest.update(buffer, 0, length);
            String hex = sizes ? "-" : String.format("%064x", new BigInteger(1, digest.digest()));
            out.println(entry.getSize() + " " + hex + " " + entry.getName());
        }
        // The checksum of the gzip stream is compared at its end.
        while (source.read(buffer) >= 0) continue;
    }
}
