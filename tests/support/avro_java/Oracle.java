import java.io.*;
import java.util.*;
import org.apache.avro.*;
import org.apache.avro.SchemaCompatibility.*;
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;

/** Reads lines of JSON {"reader", "writer"} or {"schema"}, answers with Avro Java's verdict or text. */
public class Oracle {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    PrintStream out = new PrintStream(new BufferedOutputStream(System.out), false, "UTF-8");
    for (String line; (line = in.readLine()) != null; ) {
      JsonNode request = json.readTree(line);
      ObjectNode answer = json.createObjectNode();
      try {
        if (request.has("schema")) {
          answer.put("text", parse(request.get("schema").asText()).toString());
        } else {
          SchemaPairCompatibility pair = SchemaCompatibility.checkReaderWriterCompatibility(
              parse(request.get("reader").asText()), parse(request.get("writer").asText()));
          ArrayNode found = answer.putArray("reasons");
          for (Incompatibility i : pair.getResult().getIncompatibilities())
            found.addArray().add(i.getType().name()).add(i.getLocation()).add(i.getMessage());
        }
      } catch (Exception e) {
        answer.put("error", String.valueOf(e.getMessage()));
      }
      out.println(answer);
    }
    out.flush();
  }

  static Schema parse(String text) {
    return new Schema.Parser().parse(text);
  }
}
