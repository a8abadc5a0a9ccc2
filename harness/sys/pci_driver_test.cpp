// Rebinding on a tree that behaves as the kernel's: what is written to it moves the `driver` links.
#include "harness/sys/pci_driver.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "harness/sys/file.hpp"

namespace pktbench::sys {
namespace {

namespace fs = std::filesystem;

class PciDriver : public ::testing::Test {
 protected:
  static constexpr const char* kPci = "0000:01:00.0";

  void SetUp() override {
    root_ = fs::temp_directory_path() / ("pktbench-pci-" + std::to_string(getpid()));
    fs::create_directories(function());
    for (const char* driver : {"e1000e", "vfio-pci"}) fs::create_directories(folder(driver));
    put(function() / "driver_override", "(null)");
    put(function() / "vendor", "0x8086");
    put(function() / "device", "0x10d3");
    attach("e1000e");
    bus_.sysfs = root_;
    bus_.write = [this](const std::string& path, const std::string& text) {
      return write(path, text);
    };
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path function() const { return root_ / "bus/pci/devices" / kPci; }
  fs::path folder(const std::string& driver) const { return root_ / "bus/pci/drivers" / driver; }
  static void put(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  void attach(const std::string& driver) {
    fs::remove(function() / "driver");
    if (!driver.empty()) fs::create_symlink(folder(driver), function() / "driver");
  }

  Result<void> write(const fs::path& path, const std::string& text) {
    written_.push_back(fs::relative(path, root_ / "bus/pci").string() + " " + text);
    if (path == function() / "driver_override") {
      put(path, text == "\n" ? "(null)" : text);
      return {};
    }
    if (path.filename() == "unbind") attach("");
    if (path.filename() == "bind") attach(path.parent_path().filename());
    if (path.filename() != "drivers_probe") return {};
    if (probe_error_ != 0) return system_error("probe", probe_error_);
    const std::string forced = forced_driver(kPci, bus_);
    attach(forced.empty() ? chooses_ : forced);
    return {};
  }

  fs::path root_;
  PciBus bus_;
  std::string chooses_ = "e1000e";  // what the kernel takes without being told
  int probe_error_ = 0;
  std::vector<std::string> written_;
};

TEST_F(PciDriver, IsOverriddenBeforeTheOldOneLetsGo) {
  EXPECT_EQ(pci_driver(kPci, bus_), "e1000e");
  ASSERT_TRUE(bind_pci(kPci, "vfio-pci", true, bus_));
  EXPECT_EQ(pci_driver(kPci, bus_), "vfio-pci");
  EXPECT_EQ(written_, (std::vector<std::string>{"devices/0000:01:00.0/driver_override vfio-pci",
                                                "drivers/e1000e/unbind 0000:01:00.0",
                                                "drivers_probe 0000:01:00.0"}));
}

TEST_F(PciDriver, IsGivenBackWithoutAnOverride) {
  ASSERT_TRUE(bind_pci(kPci, "vfio-pci", true, bus_));
  ASSERT_TRUE(bind_pci(kPci, "e1000e", false, bus_));
  EXPECT_EQ(pci_driver(kPci, bus_), "e1000e");
  EXPECT_EQ(forced_driver(kPci, bus_), "");
}

// Killed at each step of going away, it comes back from there.
TEST_F(PciDriver, ComesBackFromEveryStep) {
  for (int step = 0; step <= 3; ++step) {
    if (step >= 1) put(function() / "driver_override", "vfio-pci");
    if (step >= 2) attach("");
    if (step >= 3) attach("vfio-pci");
    ASSERT_TRUE(bind_pci(kPci, "e1000e", false, bus_)) << step;
    EXPECT_EQ(pci_driver(kPci, bus_), "e1000e") << step;
    EXPECT_EQ(forced_driver(kPci, bus_), "") << step;
  }
}

TEST_F(PciDriver, ThatNobodyWouldChooseIsBoundByName) {
  chooses_ = "";
  attach("vfio-pci");
  ASSERT_TRUE(bind_pci(kPci, "e1000e", false, bus_));
  EXPECT_EQ(written_.back(), "drivers/e1000e/bind 0000:01:00.0");
  EXPECT_EQ(pci_driver(kPci, bus_), "e1000e");
}

TEST_F(PciDriver, ThatDidNotComeIsAnErrorThatSaysWhoHasIt) {
  attach("vfio-pci");
  chooses_ = "vfio-pci";
  const auto r = bind_pci(kPci, "e1000e", false, bus_);
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().message.find("vfio-pci has it"), std::string::npos) << r.error().message;

  probe_error_ = EINVAL;
  const auto refused = bind_pci(kPci, "e1000e", true, bus_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sys_errno, EINVAL);
}

TEST_F(PciDriver, ThatIsNotLoadedIsUnsupportedAndNothingIsTouched) {
  const auto r = bind_pci(kPci, "uio_pci_generic", true, bus_);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, ErrorCode::unsupported);
  EXPECT_NE(r.error().message.find("modprobe uio_pci_generic"), std::string::npos);
  EXPECT_TRUE(written_.empty());
  EXPECT_EQ(bind_pci("0000:02:00.0", "e1000e", false, bus_).error().message,
            "there is no PCI device 0000:02:00.0");
}

TEST_F(PciDriver, ThatHasTheFunctionAlreadyIsLeftInPeace) {
  ASSERT_TRUE(bind_pci(kPci, "e1000e", false, bus_));
  EXPECT_EQ(written_.size(), 1u);  // the override, which might have been another's
}

TEST_F(PciDriver, KnowsTheChip) {
  EXPECT_EQ(pci_id(kPci, bus_), "8086:10d3");
  EXPECT_EQ(pci_id("0000:02:00.0", bus_), "");
}

TEST_F(PciDriver, InterruptsAreThoseByMessageOrElseTheLine) {
  EXPECT_EQ(pci_interrupts(kPci, bus_), std::set<int>());
  put(function() / "irq", "0\n");
  EXPECT_EQ(pci_interrupts(kPci, bus_), std::set<int>());
  put(function() / "irq", "11\n");
  EXPECT_EQ(pci_interrupts(kPci, bus_), std::set<int>{11});
  fs::create_directories(function() / "msi_irqs");
  for (const char* irq : {"31", "9"}) put(function() / "msi_irqs" / irq, "msix\n");
  EXPECT_EQ(pci_interrupts(kPci, bus_), (std::set<int>{9, 31}));
}

TEST_F(PciDriver, OthersOfAnIommuGroupCountWhereTheyHaveADriver) {
  EXPECT_FALSE(iommu_group(kPci, bus_).has_group);
  const fs::path group = function() / "iommu_group/devices";
  for (const char* other : {kPci, "0000:01:00.1", "0000:00:01.0"})
    fs::create_directories(group / other);
  EXPECT_TRUE(iommu_group(kPci, bus_).has_group);
  EXPECT_TRUE(iommu_group(kPci, bus_).in_use.empty());
  fs::create_directories(folder("pcieport"));
  for (const auto& [other, driver] :
       {std::pair("0000:01:00.1", "e1000e"), std::pair("0000:00:01.0", "pcieport")}) {
    const fs::path device = root_ / "bus/pci/devices" / other;
    fs::create_directories(device);
    fs::create_symlink(folder(driver), device / "driver");
  }
  EXPECT_EQ(iommu_group(kPci, bus_).in_use, std::vector<std::string>{"0000:01:00.1 (e1000e)"});
}

}  // namespace
}  // namespace pktbench::sys
