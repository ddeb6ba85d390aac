#include "tests/unit/signal/core/schema_check.h"

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace noom::signal {
namespace {

namespace json = boost::json;
using Adapter = valijson::adapters::BoostJsonAdapter;

json::value read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return json::parse(text.str());
}

struct Message {
  json::value document;
  valijson::Schema schema;
};

class Schemas {
 public:
  Schemas() : common_(read(std::filesystem::path(NOOM_SCHEMAS) / "common.json")) {
    load(Side::kClient, "client");
    load(Side::kServer, "server");
  }
  const std::map<std::string, std::unique_ptr<Message>>& of(Side side) const { return messages_.at(side); }

 private:
  void load(Side side, const char* folder) {
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(NOOM_SCHEMAS) / folder)) {
      auto message = std::make_unique<Message>();
      message->document = read(entry.path());
      valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
      parser.populateSchema(
          Adapter(message->document), message->schema,
          [this](const std::string& uri) {
            if (!uri.ends_with("common.json")) throw std::runtime_error("no schema at " + uri);
            return &common_;
          },
          [](const json::value*) {});
      messages_[side].emplace(entry.path().stem().string(), std::move(message));
    }
  }

  json::value common_;
  std::map<Side, std::map<std::string, std::unique_ptr<Message>>> messages_;
};

const Schemas& schemas() {
  static const Schemas loaded;
  return loaded;
}

std::string describe(valijson::ValidationResults& results) {
  std::string faults;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const std::string& step : error.context) faults += step;
    faults += ": " + error.description + "\n";
  }
  return faults;
}

}  // namespace

std::string schema_fault(Side side, std::string_view text) {
  boost::system::error_code broken;
  const json::value value = json::parse({text.data(), text.size()}, broken);
  if (broken || !value.is_object()) return "no JSON object";
  const json::value* type = value.as_object().if_contains("type");
  if (type == nullptr || !type->is_string()) return "no type";
  const auto message = schemas().of(side).find(std::string(type->as_string()));
  if (message == schemas().of(side).end()) return "no schema for this type";
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (!validator.validate(message->second->schema, Adapter(value), &results)) return describe(results);
  if (side == Side::kClient) return {};
  const json::object& known = message->second->document.at("properties").as_object();
  for (const auto& field : value.as_object()) {
    if (!known.contains(field.key())) return "field not in the schema: " + std::string(field.key());
  }
  return {};
}

std::vector<std::string> schema_examples(Side side) {
  std::vector<std::string> examples;
  for (const auto& [name, message] : schemas().of(side)) {
    for (const json::value& example : message->document.at("examples").as_array())
      examples.push_back(json::serialize(example));
  }
  return examples;
}

std::vector<std::string> schema_types(Side side) {
  std::vector<std::string> types;
  for (const auto& [name, message] : schemas().of(side)) types.push_back(name);
  return types;
}

std::vector<std::string> schema_enum(Side side, std::string_view type, std::string_view field) {
  std::vector<std::string> values;
  const json::value& properties = schemas().of(side).at(std::string(type))->document.at("properties");
  for (const json::value& value : properties.at({field.data(), field.size()}).at("enum").as_array())
    values.emplace_back(value.as_string());
  return values;
}

}  // namespace noom::signal
