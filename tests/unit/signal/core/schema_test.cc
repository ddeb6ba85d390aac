// The schemas and the code agree. Every message the hub sends in other tests is held against its schema too
// (hub_script.h).
#include "tests/unit/signal/core/schema_check.h"

#include <gmock/gmock.h>

#include "signal/core/requests.h"

namespace noom::signal {
namespace {

using testing::UnorderedElementsAreArray;

template <typename Enum>
std::vector<std::string> names(size_t first, size_t count) {
  std::vector<std::string> names;
  for (size_t i = first; i < count; ++i) names.emplace_back(to_string(static_cast<Enum>(i)));
  return names;
}

TEST(Schemas, EveryRequestHasASchemaAndEverySchemaARequest) {
  EXPECT_THAT(schema_types(Side::kClient), UnorderedElementsAreArray(names<RequestType>(0, kRequestTypeCount)));
}

TEST(Schemas, TheCodesOfErrorsAndTheReasonsOfResumingAreThoseOfTheCode) {
  EXPECT_THAT(schema_enum(Side::kServer, "error", "code"),
              UnorderedElementsAreArray(names<ErrorCode>(0, kErrorCodeCount)));
  EXPECT_THAT(schema_enum(Side::kServer, "welcome", "reason"),
              UnorderedElementsAreArray(names<ResumeOutcome>(1, kResumeOutcomeCount)));
}

TEST(Schemas, TheirExamplesAreValid) {
  for (const Side side : {Side::kClient, Side::kServer}) {
    for (const std::string& example : schema_examples(side)) EXPECT_EQ(schema_fault(side, example), "") << example;
  }
}

TEST(Schemas, ExamplesOfRequestsAreRead) {
  for (const std::string& example : schema_examples(Side::kClient)) {
    const auto parsed = parse_request(example);
    const auto* error = std::get_if<RequestError>(&parsed);
    EXPECT_EQ(error, nullptr) << example << ": " << error->message;
  }
}

TEST(Schemas, WhatASchemaRefusesTheCodeRefusesToo) {
  for (const char* request : {
           R"({"type":"hello"})",
           R"({"type":"hello","protocol":"noom.v1","features":{}})",
           R"({"type":"hello","protocol":"noom.v1","features":[1]})",
           R"({"type":"hello","protocol":"noom.v1","features":["resume"],"resume":{"ticket":"x"}})",
           R"({"type":"hello","protocol":"noom.v1","client":"é"})",
           R"({"type":"join"})",
           R"({"type":"join","room":""})",
           R"({"type":"join","room":"a b"})",
           R"({"type":"join","room":"r","metadata":[]})",
           R"({"type":"join","room":"r","metadata_ttl_s":5})",
           R"({"type":"join","room":"r","metadata":{},"metadata_ttl_s":0})",
           R"({"type":"update"})",
           R"({"type":"update","name":1})",
           R"({"type":"send"})",
           R"({"type":"send","to":1,"data":1})",
           R"({"type":"send","to":"p_a","role":"host","data":1})",
           R"({"type":"ack"})",
           R"({"type":"ack","received":-1})",
           R"({"type":"ping","id":{}})",
           R"({"type":"unheard-of"})",
       }) {
    EXPECT_NE(schema_fault(Side::kClient, request), "") << request;
    EXPECT_TRUE(std::holds_alternative<RequestError>(parse_request(request))) << request;
  }
}

}  // namespace
}  // namespace noom::signal
