/**
 * Predefined unattend files for Windows Server, written after Microsoft's unattended setup reference. They
 * hold no product key and no password: setup asks for a key where the medium wants one, and for the
 * Administrator's password at the first start. Put both in a custom unattend file for a hands-free setup.
 */

import { comment } from './comment.ts';

export type WindowsKind = 'Standard' | 'Standard_core' | 'Datacenter' | 'Datacenter_core';

// Order of the editions in install.wim of every release since 2012 R2. The index holds for volume, retail
// and evaluation media in any language, which the names of the images do not.
const choices: Record<WindowsKind, { index: number; purpose: string }> = {
  Standard_core: { index: 1, purpose: 'Standard edition, Server Core' },
  Standard: { index: 2, purpose: 'Standard edition with the desktop' },
  Datacenter_core: { index: 3, purpose: 'Datacenter edition, Server Core' },
  Datacenter: { index: 4, purpose: 'Datacenter edition with the desktop' },
};

const architectures: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64' };

/** The text of an unattend file. */
export function windowsUnattend(
  kind: WindowsKind,
  system: { name: string; version: string; arch: string },
): string {
  const { index, purpose } = choices[kind];
  const release = /^\d{4}/.test(system.version)
    ? `Windows Server ${system.version.replace(/r2$/i, ' R2')}`
    : system.name;
  const arch = architectures[system.arch] ?? 'amd64';
  return `<?xml version="1.0" encoding="utf-8"?>
<!-- ${comment(`${kind}: ${release}, ${purpose}. It erases the first disk of the machine it installs.`)} -->
<unattend xmlns="urn:schemas-microsoft-com:unattend" xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State">
  <settings pass="windowsPE">
    ${component('Microsoft-Windows-International-Core-WinPE', arch)}
      <SetupUILanguage>
        <UILanguage>en-US</UILanguage>
      </SetupUILanguage>
      <InputLocale>en-US</InputLocale>
      <SystemLocale>en-US</SystemLocale>
      <UILanguage>en-US</UILanguage>
      <UserLocale>en-US</UserLocale>
    </component>
    ${component('Microsoft-Windows-Setup', arch)}
      <DiskConfiguration>
        <WillShowUI>OnError</WillShowUI>
        <Disk wcm:action="add">
          <DiskID>0</DiskID>
          <WillWipeDisk>true</WillWipeDisk>
          <CreatePartitions>
            <CreatePartition wcm:action="add">
              <Order>1</Order>
              <Type>EFI</Type>
              <Size>260</Size>
            </CreatePartition>
            <CreatePartition wcm:action="add">
              <Order>2</Order>
              <Type>MSR</Type>
              <Size>16</Size>
            </CreatePartition>
            <CreatePartition wcm:action="add">
              <Order>3</Order>
              <Type>Primary</Type>
              <Extend>true</Extend>
            </CreatePartition>
          </CreatePartitions>
          <ModifyPartitions>
            <ModifyPartition wcm:action="add">
              <Order>1</Order>
              <PartitionID>1</PartitionID>
              <Format>FAT32</Format>
              <Label>System</Label>
            </ModifyPartition>
            <ModifyPartition wcm:action="add">
              <Order>2</Order>
              <PartitionID>3</PartitionID>
              <Format>NTFS</Format>
              <Label>Windows</Label>
              <Letter>C</Letter>
            </ModifyPartition>
          </ModifyPartitions>
        </Disk>
      </DiskConfiguration>
      <ImageInstall>
        <OSImage>
          <InstallFrom>
            <!-- ${comment(purpose)} -->
            <MetaData wcm:action="add">
              <Key>/IMAGE/INDEX</Key>
              <Value>${index}</Value>
            </MetaData>
          </InstallFrom>
          <InstallTo>
            <DiskID>0</DiskID>
            <PartitionID>3</PartitionID>
          </InstallTo>
          <WillShowUI>OnError</WillShowUI>
        </OSImage>
      </ImageInstall>
      <UserData>
        <AcceptEula>true</AcceptEula>
        <!-- Add a Key for media that want one. -->
        <ProductKey>
          <WillShowUI>OnError</WillShowUI>
        </ProductKey>
      </UserData>
    </component>
  </settings>
  <settings pass="specialize">
    ${component('Microsoft-Windows-Shell-Setup', arch)}
      <ComputerName>*</ComputerName>
      <TimeZone>UTC</TimeZone>
    </component>
  </settings>
  <settings pass="oobeSystem">
    ${component('Microsoft-Windows-International-Core', arch)}
      <InputLocale>en-US</InputLocale>
      <SystemLocale>en-US</SystemLocale>
      <UILanguage>en-US</UILanguage>
      <UserLocale>en-US</UserLocale>
    </component>
    ${component('Microsoft-Windows-Shell-Setup', arch)}
      <!-- Without UserAccounts/AdministratorPassword setup asks for the password at the first start. -->
      <OOBE>
        <HideEULAPage>true</HideEULAPage>
        <ProtectYourPC>1</ProtectYourPC>
      </OOBE>
    </component>
  </settings>
</unattend>
`;
}

function component(name: string, arch: string): string {
  return `<component name="${name}" processorArchitecture="${arch}" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">`;
}
